/** Address of the capabilities document, which the document itself contains. */
export const capabilitiesUrl = (base: string): string => `${base}/v2/capabilities`
