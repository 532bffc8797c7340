/** A result folder that cannot be read: the user's mistake, or that of whatever wrote it. */
export class ReportError extends Error {
  override name = 'ReportError';
  /** The file in the folder. */
  readonly file: string;
  /** Where in it, such as `thresholds[2].value` or `line 17, offeredRps`; null: the whole file. */
  readonly place: string | null;

  constructor(file: string, place: string | null, problem: string) {
    super(place === null ? `${file}: ${problem}` : `${file}: ${place}: ${problem}`);
    this.file = file;
    this.place = place;
  }
}
