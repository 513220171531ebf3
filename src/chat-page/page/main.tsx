// first, so that the styles of the pieces come after it
import './style.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { start } from './store.ts'

const ofInputMethod = 229

/**
 * Keys that an input method uses are ignored by the whole page: the Enter that ends a composition sends no message,
 * chooses nothing, and closes no dialog. Browsers report that in two ways, and Safari ends the composition before the
 * key event: then only the key code shows it. The input method itself still gets the key.
 */
addEventListener(
  'keydown',
  (event) => {
    if (event.isComposing || event.keyCode === ofInputMethod) event.stopImmediatePropagation()
  },
  true,
)

start()
const root = document.getElementById('page')
if (root) render(<App />, root)
