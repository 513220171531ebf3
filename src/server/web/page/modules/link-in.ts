/** The first address in a text. */
export const linkIn = (text: string): string | undefined => /\bhttps?:\/\/[^\s<>"]+/i.exec(text)?.[0]
