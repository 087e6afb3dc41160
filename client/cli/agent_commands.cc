#include "client/cli/agent_commands.h"

#include "client/cli/command_options.h"

namespace testselect::client {

void AddAgent(CLI::App* tree, CommandLine& values) {
  AgentCommandOptions& agent = values.agent;
  CLI::App* app = AddCommand(
      tree, "agent",
      "Send the reports that CI jobs put into a folder, as they come, until it is told to end.",
      values, Command::kAgent,
      "  testselect agent --spool /var/spool/testselect --server ci:7600 --tls\n"
      "  # in a CI job on the same machine\n"
      "  testselect upload --spool /var/spool/testselect --repo app --commit \"$SHA\" --job unit "
      "--outcomes junit.xml .coverage\n"
      "  curl -s http://127.0.0.1:7602/readyz\n");
  CommandOptions options(app);
  options
      .Text("--spool", agent.spool, "DIR",
            "The folder; it is made if missing. What the server refused is kept in its refused/, "
            "with the reason.")
      ->required();
  options.Text("--http-listen", agent.http_listen, "HOST:PORT",
               "Where to serve /metrics, /healthz and /readyz; empty: nowhere. Default: "
               "127.0.0.1:7602.");
  options.Switch("--insecure", agent.insecure,
                 "Allow --http-listen elsewhere than on loopback: the pages ask for no token.");
  options.Count("--parallel", agent.parallel, 64, "How many uploads at once. Default: 2.");
  options.Seconds("--retry-longest", agent.retry_longest,
                  "The longest wait before a failed upload is tried again. Default: 60.");
  options.Count("--keep-done", agent.keep_done, 1'000'000,
                "How many of the uploaded stay in done/, without their reports. Default: 1000.",
                /*least=*/0);
  options.Count("--keep-done-days", agent.keep_done_days, 36'500,
                "For how many days they stay there. Default: 7.", /*least=*/0);
  options.Seconds("--grace", agent.grace,
                  "How long uploads under way may take after SIGTERM; what is left goes on at the "
                  "next start. Default: 5.");
  options.Choice("--log-format", agent.log_format, {"text", "json"},
                 "The form of the log, on standard error. Default: text.");
  options.Server(values.common, "The server; needed.", CommandOptions::Sends::kUploads);
  options.Seconds("--timeout", values.common.timeout,
                  "Give up an upload after this time, and try again later. Default: 3600.");
  options.Output(values.common, /*has_json=*/false);
}

}  // namespace testselect::client
