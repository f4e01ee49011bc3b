// Opens the page again with GET: reloading the response of a refused form would send the form again.
// Not while a form is being sent: its response is newer, and shows the result.
export const isAnswerAwaited = () => document.querySelector('form[data-sent]') !== null;

export function renew() {
  if (!isAnswerAwaited()) location.replace(location.pathname + location.search);
}
