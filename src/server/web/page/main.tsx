import { render } from 'preact'
import { App } from './app.tsx'
import { start } from './store.ts'
import './style.css'

start()
const root = document.getElementById('page')
if (root) render(<App />, root)
