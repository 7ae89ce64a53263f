/** Times and lengths as a clinician reads them. */

/** Seconds as `0:07`, `12:40` or `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [hours, minutes, rest] = parts as [number, number, number];
  const tail = `${minutes}:${String(rest).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${tail.padStart(5, "0")}` : tail;
}

/** Seconds in words for screen readers: `12 minutes 40 seconds`. */
export function spokenLength(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const words = [minutes > 0 ? count(minutes, "minute") : "", count(whole % 60, "second")];
  return words.filter(Boolean).join(" ");
}

/** Title of a visit that starts at `now`, such as `Visit 14:05`. */
export function defaultTitle(now: Date): string {
  return `Visit ${timeOfDay(now)}`;
}

/** `14:05`. */
export function timeOfDay(time: Date): string {
  return `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`;
}

/** `Today`, `Yesterday` or a date such as `Friday, 20 November`. */
export function dayName(time: Date, now: Date): string {
  const midnight = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(now) - midnight(time)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const year = time.getFullYear() === now.getFullYear() ? {} : { year: "numeric" as const };
  return time.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", ...year });
}

/** `24 November 2026, 14:05`. */
export function moment(time: Date): string {
  return `${time.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" })}, ${timeOfDay(time)}`;
}

/** `1 second`, `2 seconds`. */
export function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? "" : "s"}`;
}
