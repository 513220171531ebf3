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

const ofInputMethod = 229
