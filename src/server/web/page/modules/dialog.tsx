/** The dialog of an add-on that is open, if any. */
export function ModuleDialog() {
  return null
}
