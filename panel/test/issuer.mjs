// A stand-in for whoever signs people in: authorization code with PKCE, one client, and a page with one button.

import { createHash, createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const SCOPES = "docreview:read docreview:write";

export class Issuer {
  #keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  #codes = new Map();
  #http;
  /** How long its access tokens are good, in seconds. */
  seconds = 300;
  redeemed = 0;

  async start() {
    this.#http = createServer((request, response) => void this.#answer(request, response));
    await new Promise((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    // Another site than the server's, which is called by its number.
    this.address = `http://localhost:${this.#http.address().port}`;
    return this.address;
  }

  stop() {
    this.#http.closeAllConnections();
    return new Promise((resolve) => this.#http.close(resolve));
  }

  #token(claims) {
    const now = Math.floor(Date.now() / 1000);
    const signed = `${encoded({ alg: "RS256", kid: "one" })}.${encoded({ iss: this.address, sub: "ana", iat: now, exp: now + this.seconds, ...claims })}`;
    return `${signed}.${createSign("RSA-SHA256").update(signed).sign(this.#keys.privateKey, "base64url")}`;
  }

  async #answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.address);
    const json = (status, content) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(content));
    if (pathname === "/.well-known/openid-configuration") {
      return json(200, { issuer: this.address, jwks_uri: `${this.address}/keys`, authorization_endpoint: `${this.address}/authorize`, token_endpoint: `${this.address}/token`,
        code_challenge_methods_supported: ["S256"], authorization_response_iss_parameter_supported: true });
    }
    if (pathname === "/keys") return json(200, { keys: [{ ...this.#keys.publicKey.export({ format: "jwk" }), kid: "one", use: "sig" }] });
    if (pathname === "/authorize" && request.method === "GET") {
      return response.writeHead(200, { "Content-Type": "text/html" }).end(`<form method="post" action="/authorize?${searchParams}"><button>I am Ana</button></form>`);
    }
    if (pathname === "/authorize") {
      const code = randomUUID();
      this.#codes.set(code, Object.fromEntries(searchParams));
      const back = new URLSearchParams({ code, state: searchParams.get("state"), iss: this.address });
      return response.writeHead(302, { Location: `${searchParams.get("redirect_uri")}?${back}` }).end();
    }
    if (pathname === "/favicon.ico") return response.writeHead(204).end();
    if (pathname !== "/token") return json(404, {});
    let text = "";
    for await (const part of request) text += part;
    const form = new URLSearchParams(text), asked = this.#codes.get(form.get("code"));
    this.#codes.delete(form.get("code"));
    const challenge = createHash("sha256").update(form.get("code_verifier")).digest("base64url");
    if (asked?.code_challenge !== challenge) return json(400, { error: "invalid_grant" });
    this.redeemed += 1;
    return json(200, { token_type: "Bearer", access_token: this.#token({ aud: asked.resource, scope: SCOPES }), id_token: this.#token({ aud: asked.client_id, nonce: asked.nonce }) });
  }
}
