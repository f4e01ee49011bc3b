// Opens the page anew by a request of its own: a reload of what a refused form answered would send the form again.
// Not while a form is under way: its answer is newer, and says what became of it.
export const isAnswerAwaited = () => document.querySelector('form[data-sent]') !== null;

export function renew() {
  if (!isAnswerAwaited()) location.replace(location.pathname + location.search);
}
