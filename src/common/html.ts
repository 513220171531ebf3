const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes text for HTML, inside and outside of attributes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? '')

/** HTML that is trusted or was made by {@link html}. A template does not escape it again. */
export class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }

  toJSON(): string {
    return this.#markup
  }
}

/**
 * Tag for HTML templates. It escapes every value, except HTML made by this same tag. Lists are joined; `null`,
 * `undefined` and `false` become nothing, so that a template can contain conditions.
 *
 * @example
 * html`<b>${name}</b>` // name: '<script>' gives &lt;b&gt;&lt;script&gt; as text, not as markup
 */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  let markup = strings[0] ?? ''
  values.forEach((value, index) => {
    markup += render(value) + (strings[index + 1] ?? '')
  })
  return new Html(markup)
}

function render(value: unknown): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (Array.isArray(value)) return value.map(render).join('')
  return escapeHtml(String(value))
}
