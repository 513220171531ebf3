export const installed: { readonly oauthId: string; readonly oauthSecret: string }
