/** The anchor of a heading, as code hosts and npm make it: a link to a heading then leads there on the site too. */
export const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
