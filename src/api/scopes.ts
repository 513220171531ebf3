/**
 * The nine scopes with HipChat's own names and descriptions, as its capabilities document listed them in July 2017
 * (mjhopkins/hipchat, docs/server-capabilities.json).
 */
export const scopes = {
  admin_group: {
    id: 'admin_group',
    name: 'Administer Group',
    description:
      "Perform group administrative tasks. Note that this scope is restricted from updating the group owner's profile.",
  },
  admin_room: {
    id: 'admin_room',
    name: 'Administer Room',
    description: 'Perform room administrative tasks',
  },
  import_data: {
    id: 'import_data',
    name: 'Import Data',
    description: 'Import users, rooms, and chat history. Only available for select add-ons.',
  },
  manage_rooms: {
    id: 'manage_rooms',
    name: 'Manage Rooms',
    description: 'Create, update, and remove rooms',
  },
  send_message: {
    id: 'send_message',
    name: 'Send Message',
    description: 'Send private one-on-one messages',
  },
  send_notification: {
    id: 'send_notification',
    name: 'Send Notification',
    description: 'Send room notifications',
  },
  view_group: {
    id: 'view_group',
    name: 'View Group',
    description: 'View users, rooms, and other group information',
  },
  view_messages: {
    id: 'view_messages',
    name: 'View Messages',
    description: 'View messages from chat rooms and private chats you have access to',
  },
  view_room: {
    id: 'view_room',
    name: 'View Room',
    description: 'View room information and participants, but not history',
  },
} as const

/** A permission that an add-on can have. Its descriptor lists the scopes that it asks for. */
export type Scope = keyof typeof scopes

/** The names of the nine scopes. */
export const scopeNames = Object.keys(scopes) as [Scope, ...Scope[]] // the keys of the literal above, nothing else

/** Whether a string is one of the nine scopes. */
export const isScope = (text: string): text is Scope => Object.hasOwn(scopes, text)
