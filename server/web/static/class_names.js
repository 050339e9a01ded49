// The names of classes in the language of the page, where the model has them. Answers keep the labels of the model.

import { ask, asText } from './server.js';
import { language } from './words.js';

const LANGUAGE = { 'zh-CN': 'zh' }[language];
const known = new Map(); // by model and version: a promise of the names, by class id

async function fetchNames(model, version) {
  const path = `v2/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}/labels?language=${LANGUAGE}`;
  const reply = await ask(path).catch(() => ({}));
  return reply.language === LANGUAGE && Array.isArray(reply.labels) ? reply.labels : [];
}

// The reply of /classify, each of its classes with a `name` where there is one.
export async function withNames(reply) {
  const { model, version, predictions, prediction_set: set } = reply;
  if (!LANGUAGE || !Array.isArray(predictions)) return reply;
  const key = JSON.stringify([model, version]);
  if (!known.has(key)) known.set(key, fetchNames(model, version));
  const names = await known.get(key);
  for (const one of [...predictions, ...(set?.classes ?? [])]) one.name = asText(names[one.class_id]);
  return reply;
}

// How a class is called on the page: its name, and beside it the label that programs get.
export function calledClass({ name, label }) {
  return [...new Set([name, asText(label)])].filter(Boolean).join(' · ');
}
