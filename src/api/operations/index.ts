import type { Operation } from '../operation.ts'
import { getIntegrationInstallableData, installAddon, uninstallAddon } from './addons.ts'
import { getAddonCapabilitiesSchema, getCapabilities } from './capabilities.ts'
import { getAllEmoticons, getEmoticon } from './emoticons.ts'
import {
  createGlobalWebhook,
  createRoomExtensionWebhook,
  deleteGlobalWebhook,
  deleteRoomExtensionWebhook,
  getGlobalWebhook,
  getRoomExtensionWebhook,
} from './extension-webhooks.ts'
import { addonUiUpdate, roomAddonUiUpdate, userAddonUiUpdate, userInRoomAddonUiUpdate } from './glances.ts'
import { getGroupStatistics, viewGroup } from './groups.ts'
import {
  addRoomMember,
  getAllRoomMembers,
  getAllRoomParticipants,
  inviteUserToRoom,
  removeRoomMember,
} from './members.ts'
import {
  getLatestRoomHistory,
  getRoomHistory,
  getRoomMessage,
  replyToRoomMessage,
  sendRoomMessage,
  sendRoomNotification,
  shareFileWithRoom,
  shareLinkWithRoom,
} from './messages.ts'
import { deleteSession, generateToken, getSession } from './oauth.ts'
import {
  deleteGroupAvatar,
  deleteRoomAvatar,
  deleteUserPhoto,
  getGroupAvatar,
  getRoomAvatar,
  getUserPhoto,
  updateGroupAvatar,
  updateRoomAvatar,
  updateUserPhoto,
} from './pictures.ts'
import {
  getPrivatechatMessage,
  sendPrivateMessage,
  shareFileWithUser,
  shareLinkWithUser,
  viewPrivatechatHistory,
  viewRecentPrivatechatHistory,
} from './private-messages.ts'
import {
  createRoom,
  deleteRoom,
  getAllRooms,
  getRoom,
  getRoomStatistics,
  setRoomTopic,
  updateRoom,
} from './rooms.ts'
import { getActiveSessions } from './sessions.ts'
import {
  createUser,
  deleteUser,
  getAllUsers,
  getAutoJoinRooms,
  getUser,
  inviteUserToGroup,
  updateUser,
} from './users.ts'
import { createRoomWebhook, deleteRoomWebhook, getAllRoomWebhooks, getRoomWebhook } from './webhooks.ts'

/** All operations by their documented ids. Where both match, literal path segments come before parameters. */
export const operations = {
  getCapabilities,
  getAddonCapabilitiesSchema,
  generateToken,
  getSession,
  deleteSession,
  getAllRooms,
  createRoom,
  getRoom,
  updateRoom,
  deleteRoom,
  setRoomTopic,
  getRoomStatistics,
  getAllRoomParticipants,
  getAllRoomMembers,
  addRoomMember,
  removeRoomMember,
  inviteUserToRoom,
  getRoomAvatar,
  updateRoomAvatar,
  deleteRoomAvatar,
  sendRoomNotification,
  sendRoomMessage,
  getLatestRoomHistory,
  getRoomHistory,
  getRoomMessage,
  replyToRoomMessage,
  shareFileWithRoom,
  shareLinkWithRoom,
  getAllRoomWebhooks,
  createRoomWebhook,
  getRoomWebhook,
  deleteRoomWebhook,
  getRoomExtensionWebhook,
  createRoomExtensionWebhook,
  deleteRoomExtensionWebhook,
  getGlobalWebhook,
  createGlobalWebhook,
  deleteGlobalWebhook,
  getAllUsers,
  createUser,
  getUser,
  updateUser,
  deleteUser,
  getAutoJoinRooms,
  getUserPhoto,
  updateUserPhoto,
  deleteUserPhoto,
  inviteUserToGroup,
  viewGroup,
  getGroupStatistics,
  getGroupAvatar,
  updateGroupAvatar,
  deleteGroupAvatar,
  sendPrivateMessage,
  viewPrivatechatHistory,
  viewRecentPrivatechatHistory,
  getPrivatechatMessage,
  shareFileWithUser,
  shareLinkWithUser,
  getAllEmoticons,
  getEmoticon,
  addonUiUpdate,
  roomAddonUiUpdate,
  userInRoomAddonUiUpdate,
  userAddonUiUpdate,
  installAddon,
  uninstallAddon,
  getIntegrationInstallableData,
  getActiveSessions,
} as const satisfies Record<string, Operation>

/** The table of operations. */
export type Operations = typeof operations

/** The documented id of an operation, such as `sendRoomNotification`. */
export type OperationId = keyof Operations
