// The API key of this tab. If the browser blocks storage, access throws; then the key lives as long as the page.

const NAME = 'ascend-classify-api-key';

let key = '';
try {
  key = sessionStorage.getItem(NAME) ?? '';
} catch { /* storage is blocked */ }

export function storedKey() {
  return key;
}

export function keepKey(given) {
  key = given;
  try {
    sessionStorage.setItem(NAME, given);
  } catch { /* storage is blocked */ }
}
