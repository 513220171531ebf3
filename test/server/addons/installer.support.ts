import { adminCall } from '../support.ts'

/** Asks the server to install an add-on by the URL of its descriptor. */
export const install = (server: Parameters<typeof adminCall>[0], url: string, room?: string | number) =>
  adminCall(server, 'POST', '/addon', { json: { url, ...(room === undefined ? {} : { room_id: room }) } })
