// Charts in SVG: lines over time, and bars. A chart makes its elements once; drawing only changes them, so a page may stay open for days.

const SVG = 'http://www.w3.org/2000/svg';
const MARGIN = { top: 8, right: 10, bottom: 20, left: 52 };
const NICE = [1, 2, 3, 4, 5, 6, 8, 10];

function part(kind, classes, ...children) {
  const made = document.createElementNS(SVG, kind);
  if (classes) made.setAttribute('class', classes);
  made.append(...children);
  return made;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

function html(kind, classes, ...children) {
  const made = document.createElement(kind);
  if (classes) made.className = classes;
  made.append(...children);
  return made;
}

function show(element, shown) {
  element.classList.toggle('gone', !shown);
}

// The next round number above a value.
export function roundTop(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return (NICE.find((nice) => nice * power >= value * (1 - 1e-9)) ?? 10) * power;
}

// Elements that both kinds have: the box, three lines across with their labels. It draws again when its size changes.
class Plot {
  constructor(figure) {
    this.svg = figure.querySelector('.plot');
    this.summary = figure.querySelector('.summary');
    this.empty = figure.querySelector('.empty');
    this.grid = [0, 0.5, 1].map((share) => ({ share, line: part('line', 'grid'), text: part('text', 'tick') }));
    this.svg.append(...this.grid.flatMap(({ line, text }) => [line, text]));
    this.size = { width: 0, height: 0 };
    this.top = MARGIN.top;
    new ResizeObserver(([{ contentRect: { width, height } }]) => {
      this.size = { width, height };
      if (this.data) this.draw(this.data);
    }).observe(this.svg);
  }

  draw(data) {
    this.data = data;
    if (this.size.width) this.redraw();
  }

  get box() {
    const { width, height } = this.size;
    return { left: MARGIN.left, right: width - MARGIN.right, top: this.top, bottom: height - MARGIN.bottom };
  }

  // Sets the scale from 0 to a round number, and draws its lines.
  scale(most, print) {
    const { left, right, top, bottom } = this.box;
    const end = roundTop(most);
    this.y = (value) => bottom - (bottom - top) * Math.min(value / end, 1);
    for (const { share, line, text } of this.grid) {
      const y = Math.round(this.y(end * share)) + 0.5;
      set(line, { x1: left, x2: right, y1: y, y2: y });
      set(text, { x: left - 8, y: y + 3.5, 'text-anchor': 'end' });
      text.textContent = print(end * share);
    }
  }
}

// Lines over the last minutes. The values under the cursor, which the mouse or the arrow keys move, stand in the legend.
export class LineChart extends Plot {
  // `print(value)` and `at(time)` give words; the top is at least `least`. It has `slots` lines at most.
  constructor(figure, { slots, print, at, least, spoken }) {
    super(figure);
    Object.assign(this, { print, at, least, spoken });
    this.now = figure.querySelector('.now');
    this.ends = ['start', 'middle', 'end'].map((anchor) => {
      const text = part('text', 'tick');
      set(text, { 'text-anchor': anchor });
      return text;
    });
    this.cursorLine = part('line', 'cursor gone');
    this.slots = Array.from({ length: slots }, (_, index) => this.slot(index));
    this.svg.append(...this.ends, this.cursorLine, ...this.slots.flatMap(({ area, path, dot }) => [area, path, dot]));
    figure.querySelector('.legend').append(...this.slots.map(({ item }) => item));
    this.cursor = null; // a time, so that it stays with its sample; null: the newest
    this.listen();
  }

  slot(index) {
    const line = part('line', `line dash-${index}`);
    set(line, { x1: 0, x2: 22, y1: 5, y2: 5 });
    const sign = part('svg', 'sign', line);
    set(sign, { width: 22, height: 10, 'aria-hidden': 'true' });
    const name = html('span', 'series');
    const value = html('span', 'value');
    const dot = part('circle', 'dot-at gone');
    set(dot, { r: 3 });
    return { item: html('li', 'gone', sign, name, value), name, value, dot, line, area: part('path', 'area gone'), path: part('path', `line dash-${index}`) };
  }

  listen() {
    set(this.svg, { role: 'slider', tabindex: 0, 'aria-valuemin': 0, 'aria-valuemax': 0, 'aria-valuenow': 0 });
    this.svg.addEventListener('pointermove', ({ offsetX }) => {
      const { left, right } = this.box;
      const { from, to } = this.data ?? {};
      if (from !== undefined) this.moveTo(from + ((to - from) * (offsetX - left)) / (right - left));
    });
    this.svg.addEventListener('pointerleave', () => this.moveTo(null));
    this.svg.addEventListener('blur', () => this.moveTo(null));
    this.svg.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -20, PageUp: 20, Home: -1e9, End: 1e9 }[event.key];
      const times = this.data?.times ?? [];
      if (!step || !times.length) return;
      event.preventDefault();
      this.moveTo(times[Math.min(Math.max(this.index + step, 0), times.length - 1)]);
    });
  }

  moveTo(time) {
    this.cursor = time;
    if (this.data) this.read();
  }

  // Of the sample that is read: the nearest to the cursor, or the newest.
  get index() {
    const { times } = this.data;
    if (this.cursor === null) return times.length - 1;
    return times.reduce((best, time, index) => (Math.abs(time - this.cursor) < Math.abs(times[best] - this.cursor) ? index : best), 0);
  }

  redraw() {
    const { times, series, from, to, ends } = this.data;
    const { left, right, top, bottom } = this.box;
    const most = Math.max(this.least, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
    this.scale(most, this.print);
    this.x = (time) => left + ((right - left) * (time - from)) / (to - from);
    this.ends.forEach((text, index) => {
      set(text, { x: [left, (left + right) / 2, right][index], y: bottom + 15 });
      text.textContent = ends[index];
    });
    set(this.cursorLine, { y1: top, y2: bottom });
    this.slots.forEach((slot, index) => this.drawSlot(slot, series[index], times));
    this.empty?.classList.toggle('gone', series.some(({ values }) => values.some((value) => value !== null)));
    this.read();
  }

  drawSlot({ item, name, area, path, line, dot }, one, times) {
    for (const element of [item, path]) show(element, one);
    show(area, one?.filled);
    if (!one) return show(dot, false);
    name.textContent = one.name;
    for (const element of [area, path, line, dot]) element.dataset.tone = one.tone;
    const runs = this.runs(one.values, times);
    path.setAttribute('d', runs.map((points) => `M${points.join('L')}${points.length === 1 ? 'h0.1' : ''}`).join(''));
    if (one.filled) area.setAttribute('d', runs.map((points) => this.closed(points)).join(''));
  }

  // The points of the line; it is broken where nothing was measured, or no sample came.
  runs(values, times) {
    const { gapS } = this.data;
    const runs = [];
    let run = null;
    values.forEach((value, index) => {
      if (value === null) run = null;
      else {
        if (!run || times[index] - times[index - 1] > gapS) runs.push((run = []));
        run.push(`${this.x(times[index]).toFixed(1)},${this.y(value).toFixed(1)}`);
      }
    });
    return runs;
  }

  closed(points) {
    const bottom = this.y(0);
    return `M${points[0].split(',')[0]},${bottom}L${points.join('L')}L${points.at(-1).split(',')[0]},${bottom}Z`;
  }

  // Writes the values of the sample under the cursor, or of the newest.
  read() {
    const { times, series } = this.data;
    const index = this.index;
    const known = index >= 0 && this.x;
    const held = known && this.cursor !== null;
    const x = known ? this.x(times[index]) : 0;
    show(this.cursorLine, held);
    set(this.cursorLine, { x1: Math.round(x) + 0.5, x2: Math.round(x) + 0.5 });
    this.slots.forEach(({ value, dot }, number) => {
      const found = series[number]?.values[index] ?? null;
      value.textContent = found === null ? '–' : this.print(found);
      show(dot, held && found !== null);
      if (held && found !== null) set(dot, { cx: x, cy: this.y(found) });
    });
    this.now.textContent = held ? this.at(times[index]) : '';
    const words = series.map(({ name, values }) => `${name} ${(values[index] ?? null) === null ? '–' : this.print(values[index])}`);
    const valuetext = known ? [this.at(times[index]), ...words].join(', ') : '–';
    set(this.svg, { 'aria-valuemax': Math.max(times.length - 1, 0), 'aria-valuenow': Math.max(index, 0), 'aria-valuetext': valuetext });
    this.summary.textContent = series.map((one) => this.told(one)).join(' ');
  }

  told({ name, values }) {
    const known = values.filter((value) => value !== null);
    return known.length ? this.spoken(name, this.print(known.at(-1)), this.print(Math.max(...known))) : '';
  }
}

// A bar for each of `names`; the part of each stands above it.
export class BarChart extends Plot {
  constructor(figure, { names, print, spoken }) {
    super(figure);
    Object.assign(this, { print, spoken });
    this.svg.setAttribute('role', 'img');
    this.top = 20; // room for the share above a full bar
    this.bars = names.map((name) => {
      const label = part('text', 'tick');
      label.textContent = name;
      const bar = { name, rect: part('rect', 'bar'), label, value: part('text', 'above') };
      for (const text of [bar.label, bar.value]) text.setAttribute('text-anchor', 'middle');
      this.svg.append(bar.rect, bar.label, bar.value);
      return bar;
    });
  }

  redraw() {
    const { counts } = this.data;
    const { left, right, bottom } = this.box;
    const all = counts.reduce((sum, count) => sum + count, 0);
    const shares = counts.map((count) => (all ? count / all : 0));
    this.scale(1, this.print);
    const step = (right - left) / this.bars.length;
    this.bars.forEach(({ rect, label, value }, index) => {
      const height = bottom - this.y(shares[index]);
      const x = left + step * (index + 0.5);
      set(rect, { x: Math.round(x - step * 0.3), width: Math.round(step * 0.6), y: bottom - height, height });
      set(label, { x, y: bottom + 15 });
      set(value, { x, y: bottom - height - 5 });
      value.textContent = counts[index] ? this.print(shares[index]) : '';
    });
    this.empty?.classList.toggle('gone', all > 0);
    const known = this.bars.map(({ name }, index) => [name, shares[index]]).filter(([, share]) => share > 0);
    this.summary.textContent = known.map(([name, share]) => this.spoken(name, this.print(share))).join(' ');
  }
}
