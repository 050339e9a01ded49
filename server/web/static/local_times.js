// The server tells times in UTC; a person reads them on the own clock.

import { language } from './words.js';

const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', hour12: false });

export function showLocalTimes(within = document) {
  for (const time of within.querySelectorAll('time[datetime]')) {
    const when = new Date(time.dateTime);
    if (!Number.isNaN(when.valueOf())) time.textContent = format.format(when);
  }
}

showLocalTimes();
