import type { PageRoom } from '../../../pages/api.ts'

/** The glances of a room's add-ons, and the panel that is open. */
export function Sidebar(_: { room: PageRoom }) {
  return null
}
