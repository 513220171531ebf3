/**
 * Keys that an input method takes for itself are heard by nothing on the page: the Enter that ends a composition sends no message,
 * chooses nothing, and closes no dialog. Browsers say that in two ways, and Safari ends the composition before it tells of the
 * key: then the code of the key is all there is. What the input method does with the key goes on.
 */
addEventListener(
  'keydown',
  (event) => {
    if (event.isComposing || event.keyCode === ofInputMethod) event.stopImmediatePropagation()
  },
  true,
)

const ofInputMethod = 229
