// An accuracy as it becomes certain: a line over the images so far, inside the band of its interval.

const NAMESPACE = 'http://www.w3.org/2000/svg';
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 12, 10, 28];
const SETTLED = 0.1; // the part of the points at the start, whose wide intervals do not decide the scale

function part(name, attributes, text = '') {
  const made = document.createElementNS(NAMESPACE, name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.textContent = text;
  return made;
}

// Round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten.
function ticks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9) || 0; at * step <= high + 1e-12; at += 1) found.push(at * step);
  return found;
}

function rangeOf(points) {
  const settled = points.slice(Math.floor(points.length * SETTLED));
  const low = Math.min(...settled.map((point) => point[2]));
  const high = Math.max(...settled.map((point) => point[3]));
  const room = Math.max((high - low) * 0.08, 0.002);
  return [Math.max(0, low - room), Math.min(1, high + room)];
}

// One unit is one pixel, so that letters keep their size on a phone.
function scales(points, total, container) {
  const width = Math.max(container.clientWidth, 240);
  const height = width < 480 ? 200 : 260;
  const [low, high] = rangeOf(points);
  const across = Math.max(total, points.at(-1)[0], 1);
  const x = (done) => LEFT + (done / across) * (width - LEFT - RIGHT);
  const y = (share) => TOP + (1 - (share - low) / (high - low)) * (height - TOP - BOTTOM);
  return { x, y, low, high, across, width, height };
}

function axes({ x, y, low, high, across, width, height }) {
  const wide = high - low > 0.1;
  const shares = ticks(low, high, 5).flatMap((share) => [
    part('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y(share), y2: y(share) }),
    part('text', { class: 'tick', x: LEFT - 8, y: y(share) + 4, 'text-anchor': 'end' }, `${(share * 100).toFixed(wide ? 0 : 1)}%`),
  ]);
  const counts = ticks(0, across, Math.max(3, Math.floor(width / 110))).filter(Number.isInteger).map((done) =>
    part('text', { class: 'tick', x: x(done), y: height - 8, 'text-anchor': done > 0.97 * across ? 'end' : 'middle' }, done.toLocaleString()));
  return [...shares, ...counts];
}

// Points are [images, share, low, high]; those without a label so far have no share.
export function drawCurve(container, points, total) {
  const known = points.filter((point) => point[1] !== null);
  if (known.length === 0) return null;
  const scale = scales(known, total, container);
  const { x, y, width, height } = scale;
  const outline = known.length === 1 ? [known[0], [known[0][0] + scale.across / 200, ...known[0].slice(1)]] : known;
  const line = (column, list) => list.map((point) => `${x(point[0]).toFixed(1)},${y(point[column]).toFixed(1)}`);
  const inside = part('clipPath', { id: 'inside' });
  inside.append(part('rect', { x: LEFT, y: TOP, width: width - LEFT - RIGHT, height: height - TOP - BOTTOM }));
  const drawn = part('g', { 'clip-path': 'url(#inside)' });
  const last = known.at(-1);
  drawn.append(
    part('polygon', { class: 'band', points: [...line(3, outline), ...line(2, outline.toReversed())].join(' ') }),
    part('polyline', { class: 'mean', points: line(1, outline).join(' ') }),
  );
  const svg = part('svg', { viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' });
  const cursor = part('line', { class: 'cursor', y1: TOP, y2: height - BOTTOM, visibility: 'hidden' });
  svg.append(inside, ...axes(scale), drawn, part('circle', { class: 'now', r: 4, cx: x(last[0]), cy: y(last[1]) }), cursor);
  container.replaceChildren(svg);
  return {
    points: known,
    // The place of the point nearest to a place across the page.
    nearest(clientX) {
      const box = svg.getBoundingClientRect();
      const at = ((clientX - box.left) / box.width) * width;
      return known.reduce((best, point, place) => (Math.abs(x(point[0]) - at) < Math.abs(x(known[best][0]) - at) ? place : best), 0);
    },
    mark(place) {
      cursor.setAttribute('visibility', place === null ? 'hidden' : 'visible');
      if (place === null) return;
      cursor.setAttribute('x1', x(known[place][0]));
      cursor.setAttribute('x2', x(known[place][0]));
    },
  };
}
