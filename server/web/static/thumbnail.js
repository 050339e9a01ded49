// A photo made small, as the address of a JPEG in base64; empty if the browser cannot show the file.

export async function thumbnail(file, sidePx) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return '';
  }
  const scale = Math.min(1, sidePx / Math.min(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.min(Math.round(bitmap.width * scale), 3 * sidePx)); // a panorama is cut, as the square shows it
  canvas.height = Math.max(1, Math.min(Math.round(bitmap.height * scale), 3 * sidePx));
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff'; // a JPEG has no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  context.drawImage(bitmap, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  bitmap.close();
  return canvas.toDataURL('image/jpeg', 0.8);
}
