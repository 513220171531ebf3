/** `npm run size`: packs both packages, installs each into an empty folder, and prints how large they are. */
import { scratch } from './processes.ts'
import { sizeTable } from './sizes.ts'

console.log(sizeTable(scratch))
