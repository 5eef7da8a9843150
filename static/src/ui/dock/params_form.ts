/** A form from the JSON Schema of a module's parameters: choices of the recording, choices of words, numbers with units. */

import { h } from '../dom';

export type Choices = Readonly<Record<string, readonly string[]>>;
export type Params = Record<string, unknown>;

interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly choices?: string;
  /** Ends of a slider. */
  readonly slider?: readonly [number, number];
}

const UNITS = ['us', 'ms', 's', 'hz', 'mv', 'um', 'px', 'percent'];
const SPELT: Readonly<Record<string, string>> = { hz: 'Hz', mv: 'mV', percent: '%' };

/** "width_px" is "width" in "px". */
export function labelOf(name: string): { label: string; unit: string } {
  const words = name.split('_');
  const last = words[words.length - 1];
  const has = words.length > 1 && UNITS.includes(last);
  return { label: (has ? words.slice(0, -1) : words).join(' '), unit: has ? (SPELT[last] ?? last) : '' };
}

/**
 * The form, or null where there is nothing to ask; `changed` gets the parameters that differ from their defaults. `params` are
 * those it begins with; see `possible`.
 */
export function paramsForm(schema: Record<string, unknown>, choices: Choices, params: Params, changed: (params: Params) => void): HTMLElement | null {
  const properties = propertiesOf(schema);
  params = { ...params };
  const valueOf = (name: string, property: Property): unknown => params[name] ?? property.default;
  const set = (name: string, value: unknown, by_default: unknown): void => {
    if (value === by_default) delete params[name];
    else params[name] = value;
    changed({ ...params });
  };
  const fields = properties.flatMap(([name, property]) => {
    const { label, unit } = labelOf(name);
    const listed = listOf(property, choices);
    const value = valueOf(name, property);
    if (listed !== undefined) {
      if (property.choices && listed.length < 2) return [];
      const select = h(
        'select', { name, 'aria-label': label, onchange: () => set(name, select.value, property.default) },
        ...listed.map((word) => h('option', { value: word, selected: word === value }, word === '' ? 'automatic' : property.choices ? word : word.replaceAll('_', ' '))),
      );
      return [h('label.param', h('span', label), select)];
    }
    if (property.type === 'boolean') {
      const box = h('input', { name, type: 'checkbox', 'aria-label': label, checked: value === true, onchange: () => set(name, box.checked, property.default) });
      return [h('label.param', box, h('span', label))];
    }
    if (property.type === 'string') {
      const text = h('input', { name, type: 'text', 'aria-label': label, value: String(value ?? ''), onchange: () => set(name, text.value.trim(), property.default) });
      return [h('label.param', h('span', label), text)];
    }
    if (property.type !== 'number' && property.type !== 'integer') return [];
    if (property.slider) {
      const [low, high] = property.slider;
      const shown = h('span.numbers', String(value));
      const slider = h('input', {
        name, type: 'range', 'aria-label': unit ? `${label} in ${unit}` : label, min: String(low), max: String(high),
        step: property.type === 'integer' ? '1' : String((high - low) / 200), value: String(value),
        oninput: () => {
          shown.textContent = String(slider.valueAsNumber);
          set(name, slider.valueAsNumber, property.default);
        },
      });
      return [h('label.param', h('span', label), slider, shown, unit ? h('span.muted', unit) : null)];
    }
    const input = h('input', {
      name, type: 'number', 'aria-label': unit ? `${label} in ${unit}` : label, placeholder: 'default',
      value: value ? String(value) : '', // 0 says nothing of itself: automatic, or no bound
      step: property.type === 'integer' ? '1' : 'any',
      onchange: () => set(name, Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : property.default, property.default),
    });
    return [h('label.param', h('span', label), input, unit ? h('span.muted', unit) : null)];
  });
  return fields.length === 0 ? null : h('form.params', { onsubmit: (event: Event) => event.preventDefault() }, ...fields);
}

/** Those of the parameters that the form of a recording can show: a layer that it has not is left to the module's choice. */
export function possible(schema: Record<string, unknown>, choices: Choices, params: Params): Params {
  const properties = new Map(propertiesOf(schema));
  return Object.fromEntries(Object.entries(params).filter(([name, value]) => {
    const property = properties.get(name);
    if (property === undefined) return false;
    const listed = listOf(property, choices);
    return listed === undefined ? typeof value === typeof property.default : listed.includes(value as string);
  }));
}

function propertiesOf(schema: Record<string, unknown>): [string, Property][] {
  return Object.entries((schema['properties'] ?? {}) as Record<string, Property>);
}

function listOf(property: Property, choices: Choices): readonly string[] | undefined {
  return property.choices ? ['', ...(choices[property.choices] ?? [])] : property.enum;
}
