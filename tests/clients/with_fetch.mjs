// Node's fetch, which is undici: node with_fetch.mjs URL IMAGE DAMAGED
import { readFile } from "node:fs/promises";

const [url, imagePath, damagedPath] = process.argv.slice(2);
const [image, damaged] = await Promise.all([imagePath, damagedPath].map((path) => readFile(path)));

async function post(name, path, body, headers = {}) {
  const reply = await fetch(url + path, { method: "POST", body, headers });
  console.log(name, reply.status, await reply.text());
}

function form(...images) {
  const fields = new FormData();
  for (const content of images) fields.append("image", new Blob([content]), "photo.png");
  fields.append("top_k", "3");
  return fields;
}

await post("form", "/classify", form(image));
await post("raw", "/classify?top_k=3", image);
await post("json", "/classify", JSON.stringify({ image: image.toString("base64"), top_k: 3 }), { "Content-Type": "application/json" });
await post("batch", "/classify/batch", form(image, damaged));
await post("error", "/classify", new Blob(["not an image"]));
