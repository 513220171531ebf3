// first, so that the styles of the pieces come after it
import './style.css'
import { render } from 'preact'
import { App } from './app.tsx'
import './composing.ts'
import { start } from './store.ts'

start()
const root = document.getElementById('page')
if (root) render(<App />, root)
