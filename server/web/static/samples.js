// The samples of the last ten minutes that GET /status tells, and the arithmetic on them.

export const SPAN_S = 600;
const SMOOTH = 5; // samples whose times are taken together: one alone has too few for a quantile

export class Samples {
  list = [];

  // Adds new samples, oldest first, and forgets those that are older than the span.
  add(samples, nowS) {
    if (samples.length && samples[0].at_s <= this.last) this.list = []; // another server, or its clock was set back
    this.list.push(...samples);
    this.list = this.list.filter((sample) => sample.at_s > nowS - SPAN_S);
  }

  get last() {
    return this.list.at(-1)?.at_s ?? 0;
  }

  get times() {
    return this.list.map((sample) => sample.at_s);
  }

  // The keys of a kind of counts, as the outcomes of images, in the order in which they first came.
  keys(kind) {
    return [...new Set(this.list.flatMap((sample) => Object.keys(sample[kind] ?? {})))];
  }

  values(name) {
    return this.list.map((sample) => sample[name] ?? 0);
  }

  // So many a second, of one key or of several together.
  rates(kind, ...keys) {
    return this.list.map((sample) => keys.reduce((sum, key) => sum + (sample[kind]?.[key] ?? 0), 0) / sample.over_s);
  }

  // A quantile of the times at each sample; null where nothing was measured. `pick` gives the buckets of a sample.
  quantiles(q, pick, bounds) {
    return this.list.map((_, index) => quantile(q, merged(this.list.slice(Math.max(0, index + 1 - SMOOTH), index + 1), pick), bounds));
  }

  // All counts of the span by bucket.
  total(pick) {
    return merged(this.list, pick);
  }
}

function merged(samples, pick) {
  const total = {};
  for (const sample of samples) {
    for (const [number, count] of Object.entries(pick(sample) ?? {})) total[number] = (total[number] ?? 0) + count;
  }
  return total;
}

// As Prometheus does it: inside a bucket all values are spread evenly; of the last one only the lower bound is known.
export function quantile(q, buckets, bounds) {
  const numbers = Object.keys(buckets).map(Number).sort((a, b) => a - b);
  const all = numbers.reduce((sum, number) => sum + buckets[number], 0);
  if (!all) return null;
  let below = 0;
  for (const number of numbers) {
    const count = buckets[number];
    if (below + count >= q * all) {
      if (number >= bounds.length) return bounds.at(-1);
      const lower = number ? bounds[number - 1] : 0;
      return lower + (bounds[number] - lower) * Math.max(0, (q * all - below) / count);
    }
    below += count;
  }
  return bounds.at(-1);
}
