// Addresses at the page's own origin; addresses.py says why.

/** Returns an address that the server wrote, at the page's own origin. */
export function atThisOrigin(address) {
  const { pathname, search } = new URL(address, location.href);
  return location.origin + pathname + search;
}

/** Returns the address of a path below the app's root, which need not be the root of the host. */
export function addressOf(path) {
  const root = window.gradio_config?.root || location.pathname;
  return atThisOrigin(root.replace(/\/*$/, "/") + path);
}
