// What a page is made of; see lib/page.js and lib/sheet.wxml.
declare namespace Shell {
  type Tone = '' | 'good' | 'warn' | 'bad';
  /** A tap does `command`, a method of the page, with `id`; or opens `url`. */
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

  interface State { phase: 'loading' | 'failed' | 'barred' | 'ready'; failure: string; hotline: string; busy: boolean; sheet: Sheet }
  type Query = Record<string, string>;
  interface Base<D> {
    data: D & State;
    query: Query;
    pool: Api.PoolOut;
    me: Api.MeOut;
    setData(part: Partial<D & State>): void;
    /** Loads again and shows what came. */
    refresh(): Promise<void>;
    /** Does something once at a tap; what fails is said with a way on. */
    act(work: () => Promise<unknown>): Promise<void>;
  }
  interface Setup<D> {
    data?: D;
    /** Milliseconds after which to load again while the page is in front. */
    every?: number;
    /** For those who have not told who they are. */
    open?: boolean;
    /** For those who have no role yet, too. */
    guests?: boolean;
  }
  type Command = (...given: any[]) => any;
  /** What a page does: `load` gives what to show, the others are for taps. */
  type Commands<D> = { load(): Promise<Partial<D & State>>; [name: string]: Command } & ThisType<Base<D> & Record<string, Command>>;

  type Tap = WechatMiniprogram.CustomEvent<{ value: string }, Record<string, never>, { command?: string; id?: string; url?: string }>;
}
