// Without its fonts: like the chat page, the site uses the fonts of the reader's system.
import theme from 'vitepress/theme-without-fonts'
import './style.css' // after the theme's own

export default theme
