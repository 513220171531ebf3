import './style.css'

// The theme without its fonts: like the chat page, the site is set in those of the reader's system.
export { default } from 'vitepress/theme-without-fonts'
