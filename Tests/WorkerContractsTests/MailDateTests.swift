import Identifiers
import Testing
import WorkerContracts

@Suite struct MailDateTests {
    @Test(arguments: [
        (0, "Thu, 1 Jan 1970 00:00:00 +0000", "1970-01-01 00:00 UTC"),
        (951_827_696, "Tue, 29 Feb 2000 12:34:56 +0000", "2000-02-29 12:34 UTC"),
        (1_764_115_199, "Tue, 25 Nov 2025 23:59:59 +0000", "2025-11-25 23:59 UTC"),
    ])
    func aMailsDateIsInUTC(seconds: Int64, header: String, readable: String) {
        let time = Timestamp(milliseconds: seconds * 1_000)
        #expect(MailDate.header(time) == header && MailDate.readable(time) == readable)
    }
}
