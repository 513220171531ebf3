/** Address of the capabilities document; the document names this very address. */
export const capabilitiesUrl = (base: string): string => `${base}/v2/capabilities`
