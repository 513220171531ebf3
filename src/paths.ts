/**
 * Paths of an add-on's routes, below its base address. They never change, since servers store them at
 * installation.
 */
export const paths = {
  descriptor: '/atlassian-connect.json',
  installable: '/installable',
  updated: '/installable/updated',
  browserInstalled: '/installed',
  browserUpdated: '/updated',
  browserUninstalled: '/uninstalled',
  webhook: '/webhook/',
  glance: '/glance/',
  /** Panels, dialogs and external pages. */
  page: '/page/',
  configurable: '/configure',
  adminPage: '/admin',
  icon: '/icon/',
  health: '/healthz',
  ready: '/readyz',
  /** Default; the option `metrics` can change it. */
  metrics: '/metrics',
} as const
