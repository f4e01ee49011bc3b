// Values that survive a reload, in the browser's storage; without storage they are lost with the page, which does no harm.
export function recall(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // No storage: the value is lost with the page.
  }
}
