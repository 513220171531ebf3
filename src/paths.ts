/** Where an add-on's routes are, below its base address. Servers keep them with the installation: they never change. */
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
  /** Unless the option `metrics` says otherwise. */
  metrics: '/metrics',
} as const
