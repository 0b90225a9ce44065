// Where the server asks for a token: it is kept for this tab, and sent to this server alone.

import { t } from "../messages";

export const TOKEN = "shoal-token";

export function Key() {
  return (
    <form
      class="notice key"
      onSubmit={(event) => {
        event.preventDefault();
        sessionStorage.setItem(TOKEN, String(new FormData(event.currentTarget).get("token")).trim());
        location.reload();
      }}
    >
      <label>
        {t("key.ask")}
        <input name="token" type="password" autocomplete="off" required />
      </label>
      <button type="submit" class="main">
        {t("key.go")}
      </button>
    </form>
  );
}
