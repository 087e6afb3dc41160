// A TCP proxy on loopback that loses what a server answers: the network between a client and a real
// store, when it breaks.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace testselect {

class FaultyProxy {
 public:
  explicit FaultyProxy(int server_port);  // of 127.0.0.1
  ~FaultyProxy();
  FaultyProxy(const FaultyProxy&) = delete;
  FaultyProxy& operator=(const FaultyProxy&) = delete;

  // Of the next `connections` made, the answer is cut after `bytes` bytes and the connection
  // closed; the request has arrived then.
  void CutAnswers(int connections, size_t bytes);
  const std::string& url() const { return url_; }  // "http://127.0.0.1:PORT"
  int cuts() const { return cuts_; }

 private:
  void Accept();
  void Carry(int client);

  const int server_port_;
  int listener_ = -1;
  std::string url_;
  std::atomic<int> to_cut_ = 0;
  std::atomic<size_t> cut_after_ = 0;
  std::atomic<int> cuts_ = 0;
  std::vector<std::thread> connections_;  // of accepting_ alone, until it has ended
  std::thread accepting_;
};

}  // namespace testselect
