/** `npm run size`: packs both packages, installs each into an empty folder, and prints their sizes. */
import { scratch } from './processes.ts'
import { sizeTable } from './sizes.ts'

console.log(sizeTable(scratch))
