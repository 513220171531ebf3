/** The add-ons of a room, or of the group: installing, configuring, updating, removing. */
export function Addons(_: { room: number | undefined }) {
  return <h1>Add-ons</h1>
}
