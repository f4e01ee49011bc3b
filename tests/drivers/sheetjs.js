// Reads workbooks with SheetJS as it displays them: `node sheetjs.js <folder of packages> <file>…`
// prints {file: {sheet: [[{kind, text}]]}} as JSON; an empty cell is null.
const path = require('node:path');

const [packages, ...files] = process.argv.slice(2);
const { readFile, utils } = require(path.join(packages, 'xlsx'));

/** The cells of a sheet, row by row. */
function cellsOf(sheet) {
  if (!sheet['!ref']) return [];
  const { e: end } = utils.decode_range(sheet['!ref']);
  return Array.from({ length: end.r + 1 }, (_, r) => Array.from({ length: end.c + 1 }, (__, c) => {
    const cell = sheet[utils.encode_cell({ r, c })];
    return cell ? { kind: cell.t, text: cell.w ?? String(cell.v) } : null;
  }));
}

const read = (file) => {
  const book = readFile(file);
  return Object.fromEntries(book.SheetNames.map((name) => [name, cellsOf(book.Sheets[name])]));
};
process.stdout.write(JSON.stringify(Object.fromEntries(files.map((file) => [file, read(file)]))));
