// The server tells times in UTC; a person reads them on the own clock.

import { language } from './words.js';

const MINUTE = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const thisYear = new Intl.DateTimeFormat(language, MINUTE);
const before = new Intl.DateTimeFormat(language, { ...MINUTE, year: 'numeric' });

export function showLocalTimes(within = document) {
  for (const time of within.querySelectorAll('time[datetime]')) {
    const when = new Date(time.dateTime);
    const format = when.getFullYear() === new Date().getFullYear() ? thisYear : before;
    time.textContent = format.format(when);
  }
}

showLocalTimes();
