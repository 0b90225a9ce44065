// What the server tells (docs of the API: /api/docs), and what the views are drawn from. Times are keys as the server
// writes them ("2026-03-02T08:00:00-06:00", "2026-03-02", "morning", "Monday"): local to the release, never to the browser.

import type { TimeKey } from "./keys";

export interface ReleaseSummary {
  id: string;
  version: string;
  verified: boolean | null;
  problem: string | null;
  source?: string;
  period?: { start: string; end: string };
  synthetic?: boolean;
  statistics?: string[];
}

export interface Release {
  id: string;
  version: string;
  title: string;
  manifest: Manifest;
  bbox: [number, number, number, number];
  tables: Record<string, TableFacts>;
  words: Record<string, string | string[] | null>;
}

/** The part of a manifest that is shown. */
export interface Manifest {
  created: string;
  synthetic: boolean;
  source: { name: string; kind: string };
  period: { start: string; end: string; timezone: string; unit: string };
  basis: { controller: string; legal_basis: string; purpose: string };
  privacy: { epsilon: string; delta: string; unit: string; units: number; several_units: string };
  zones: { kind: string; count: number; sha256: string; names: boolean; parents: boolean };
  /** Named places, where a statistic is counted by them. */
  places: unknown;
  not_protected: string[];
  publication: { attribution: string; licence: string; terms: string[] } | null;
  log: string;
  account: { charge: string };
}

export interface TableFacts {
  title: string;
  /** What one number means, in a sentence: of the manifest, and without what a level puts before it. */
  value: string;
  unit: string;
  /** The statistic whose table this is: its own name, or that of the finer one. */
  base: string;
  /** null: the table itself; else a coarser one. */
  level: string | null;
  keys: string[];
  time: TimeKey | null;
  times: string[];
  classes: { label: string }[];
  rows: number;
  rows_at_each_time: number;
  /** 95 % interval of one number, half of its width. */
  half_width: number;
  noise: string;
  mechanism: string;
  /** Counted by areas into which small places were put together. */
  merged: boolean;
  of_named_places: boolean;
}

export interface Total {
  time: string | null;
  value: number;
  lower: number;
  upper: number;
}

/** One statistic at one time, in the order of the places: NaN where nothing may be said. */
export interface Slice {
  value: Float32Array;
  lower: Float32Array;
  upper: Float32Array;
  suppressed: Uint8Array;
}

/** All pairs at one time as columns: `from` and `to` are places. Suppressed ones are NaN; `sure` stand out of the noise. */
export interface Pairs {
  from: Int32Array;
  to: Int32Array;
  value: Float32Array;
  lower: Float32Array;
  upper: Float32Array;
  sure: Uint8Array;
}

/** One number of a place's series. */
export interface Point extends Total {
  class: string | null;
  suppressed: boolean;
}

export interface Check {
  check: string;
  holds: string;
  passed: boolean;
  reason: string;
}

export interface Verdict {
  verified: boolean;
  summary: string;
  checks: Check[];
}
