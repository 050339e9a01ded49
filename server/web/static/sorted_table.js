// A table that a click on a heading sorts. Cells tell what they are sorted by in data-value; columns without a value are not sorted.

const valueOf = (row, column) => row.cells[column].dataset.value ?? '';

function compared(left, right) {
  const numbers = [Number(left), Number(right)];
  return left !== '' && right !== '' && numbers.every(Number.isFinite) ? numbers[0] - numbers[1] : left.localeCompare(right);
}

function sorted(heads) {
  const column = heads.findIndex((head) => head.ariaSort === 'ascending' || head.ariaSort === 'descending');
  return { column, sign: heads[column]?.ariaSort === 'descending' ? -1 : 1 };
}

// Sort again, as the headings say: after rows have changed.
export function sortAgain(table) {
  const { column, sign } = sorted([...table.tHead.rows[0].cells]);
  const body = table.tBodies[0];
  if (column < 0) return;
  const rows = [...body.rows];
  const wanted = rows.toSorted((one, other) => sign * compared(valueOf(one, column), valueOf(other, column)));
  if (wanted.some((row, place) => row !== rows[place])) body.append(...wanted);
}

export function makeSortable(table, titleOf) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head) => {
    if (head.querySelector('abbr')) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.title = titleOf(head.textContent);
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const next = head.ariaSort === 'descending' ? 'ascending' : 'descending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.ariaSort = next;
      sortAgain(table);
    });
  });
}
