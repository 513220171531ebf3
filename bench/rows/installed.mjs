// The installation all HipChat peers are measured with.
export const installed = {
  oauthId: '2f6c0d58-3c0a-4f5e-9a39-7b0f5a0b7c11',
  oauthSecret: 'q8Zt0sVwYb3mKfJ2xLr5uN7cHd1gPa9eTiRo4XyE',
}
