import { createLibrary, type Library } from './library.ts'

/**
 * The script that pages of add-ons load from `/atlassian-connect/all.js`: the JavaScript API as the globals `HipChat` and
 * `AP`, and the theme as a class, for `all.css`.
 */

declare global {
  interface Window {
    HipChat?: Library
    AP?: Library
  }
}

// A second copy on the same page would answer every event twice.
if (!window.HipChat?.register) {
  const library = createLibrary(window)
  window.HipChat = library
  window.AP = library
}

const theme = new URLSearchParams(location.search).get('theme')
if (theme === 'light' || theme === 'dark') document.documentElement.classList.add(`hipchat-${theme}`)
