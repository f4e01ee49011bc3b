// Types of pages; see lib/page.js and lib/sheet.wxml.
declare namespace Shell {
  type Tone = '' | 'good' | 'warn' | 'bad';
  /** A tap calls `command`, a method of the page, with `id`; or opens `url`. */
  interface Cell { label: string; value?: string; note?: string; tag?: string; tone?: Tone; command?: string; id?: string; url?: string }
  interface Group { title?: string; note?: string; cells: Cell[]; button?: Button }
  interface Button { label: string; command: string; id?: string; kind?: 'primary' | 'warn' }
  interface Sheet {
    banner?: { text: string; tone?: Tone };
    big?: { label: string; text: string; note?: string };
    groups?: Group[];
    buttons?: Button[];
    note?: string;
  }
  interface Part { label: string; value: string; note: string }

  interface State {
    phase: 'loading' | 'failed' | 'barred' | 'ready'; failure: string; left: boolean; hotline: string; busy: boolean; sheet: Sheet; consent: Consent | null;
  }
  /** The question for consent to WeChat's privacy guide: what for, and how it goes without. */
  interface Consent { purpose: string; without: string }
  type ConsentAnswer = (given: { event: 'agree' | 'disagree' | 'exposureAuthorization'; buttonId?: string }) => void;
  type Asking = (answer: ConsentAnswer, about: { referrer: string }) => void;
  type Query = Record<string, string>;
  interface Base<D> {
    data: D & State;
    query: Query;
    pool: Api.PoolOut;
    me: Api.MeOut;
    setData(part: Partial<D & State>): void;
    /** Loads and renders again. */
    refresh(): Promise<void>;
    /** Does the work of a tap, once; shows a failure with advice. */
    act(work: () => Promise<unknown>): Promise<void>;
  }
  interface Setup<D> {
    data?: D;
    /** Milliseconds between loads while the page is shown. */
    every?: number;
    /** Also for visitors who are not bound; a function: depending on the page's query. */
    open?: boolean | ((query: Query) => boolean);
    /** Also for persons without a role. */
    guests?: boolean;
  }
  type Command = (...given: any[]) => any;
  /** Methods of a page: `load` returns the data to show (`quietly`: called by the timer), the others handle taps. */
  type Commands<D> = { load(quietly: boolean): Promise<Partial<D & State>>; [name: string]: Command } & ThisType<Base<D> & Record<string, Command>>;

  type Tap = WechatMiniprogram.CustomEvent<{ value: string }, Record<string, never>, { command?: string; id?: string; url?: string }>;
}
