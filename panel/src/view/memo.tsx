// A component that is drawn again only if one of its properties is another one.

import { Component, type ComponentType, h, type JSX } from "preact";

export function memo<P extends object>(Inner: (props: P) => JSX.Element | null): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const names = Object.keys({ ...this.props, ...next }) as (keyof P)[];
      return names.some((name) => this.props[name] !== next[name]);
    }
    override render(props: P): JSX.Element {
      return h(Inner as ComponentType<P>, props as P & JSX.IntrinsicAttributes);
    }
  };
}
