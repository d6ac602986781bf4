# Tells syncd of every asset that RT creates, however it is created: on the web, by REST, by a script.
#
# For RT 5, whose scrips run for tickets only. Put this file below RT's local library directory, where RT finds it by
# its name (Debian: /usr/local/share/request-tracker5/lib/RT/Asset_Local.pm), and restart RT. A site that has a file of
# this name already keeps its own, puts this one beside it as Asset_Syncd.pm, and adds: require RT::Asset_Syncd;
#
# RT_SiteConfig.pm:
#   Set($SyncdWebhookURL,       'http://127.0.0.1:8470/webhook/asset-created');
#   Set($SyncdWebhookTokenFile, '/etc/request-tracker5/syncd-webhook-token');   # readable by RT, and by nobody else
#   Set($SyncdWebhookTimeout,   2);                                             # seconds, all in all
#
# The post is made after the commit, so that syncd finds the asset; what is rolled back is never told. Whatever goes
# wrong with it is a line in RT's log: the asset is there, and `syncd poll asset-created` finds it.

package RT::Asset;

use strict;
use warnings;
no warnings qw(once redefine);

use Time::HiRes ();

my $MOST_BYTES = 4096;     # of an answer, which nobody reads
my @committing;            # ids of assets that a transaction around RT::Asset->Create has yet to commit

our $SyncdWraps;
if ( !$SyncdWraps++ ) {
    my $create = \&RT::Asset::Create;
    *RT::Asset::Create = sub {
        my $self   = shift;
        my @result = $create->( $self, @_ );
        RT::Asset::_SyncdCreated( $result[0] ) if $result[0];
        return wantarray ? @result : $result[-1];
    };
}

# Tell of an asset now, or when the outermost transaction is committed.
sub _SyncdCreated {
    my $id = shift;
    return unless RT->Config->Get('SyncdWebhookURL');
    if ( RT->DatabaseHandle->TransactionDepth ) {
        _SyncdWatchTransactions();
        push @committing, $id;
        return;
    }
    _SyncdTell($id);
    return;
}

# Look at the end of each outermost transaction of this process from now on.
sub _SyncdWatchTransactions {
    our $SyncdWatches;
    return if $SyncdWatches++;
    my $end = RT::Handle->can('EndTransaction');
    *RT::Handle::EndTransaction = sub {
        my ( $handle, %args ) = @_;
        my $done = $handle->$end(%args);
        return $done if !@committing || $handle->TransactionDepth;
        my @ids = splice @committing;
        if ( $done && lc( $args{Action} // 'commit' ) eq 'commit' ) {
            _SyncdTell($_) for grep { _SyncdIsThere($_) } @ids;
        }
        return $done;
    };
    return;
}

# Whether the database has an asset: one of a transaction that was lost with its connection is not told.
sub _SyncdIsThere {
    my $id = shift;
    local $@;
    return scalar eval {
        RT->DatabaseHandle->dbh->selectrow_array( 'SELECT id FROM Assets WHERE id = ?', undef, $id );
    };
}

# Post the id of an asset. Never dies, and takes no longer than the timeout.
sub _SyncdTell {
    my $id = shift;
    local ( $@, $!, $?, $SIG{__DIE__} );
    my $why = eval { _SyncdPost($id) } // ( $@ || 'no answer' );
    if ($why) {
        $why =~ s/\s+/ /g;
        RT->Logger->error("syncd was not told of asset $id: $why");
    }
    return;
}

# Post, and return what is wrong, '' for nothing.
sub _SyncdPost {
    my $id      = shift;
    my $token   = _SyncdToken();
    my $timeout = RT->Config->Get('SyncdWebhookTimeout') || 2;
    require LWP::UserAgent;
    require JSON;
    my $agent = LWP::UserAgent->new(
        agent => 'syncd-rt-overlay', timeout => $timeout, max_size => $MOST_BYTES, max_redirect => 0,
    );
    my $body   = JSON::encode_json( { event => 'asset-created', asset_id => $id + 0, timestamp => time } );
    my $answer = _SyncdWithin( $timeout, sub {
        return $agent->post(
            RT->Config->Get('SyncdWebhookURL'),
            'Authorization' => "Bearer $token",
            'Content-Type'  => 'application/json',
            'Content'       => $body,
        );
    } );
    return "no answer within $timeout s" if !$answer;
    return $answer->is_success ? '' : substr $answer->status_line, 0, 200;
}

# Return what some work returns, nothing where it takes longer than this many seconds. The timeout of LWP is for each
# wait by itself: an answer that drips would take for ever.
sub _SyncdWithin {
    my ( $seconds, $work ) = @_;
    my $began   = Time::HiRes::time();
    my $another = Time::HiRes::alarm(0);
    my ( $result, $late );
    {
        local $SIG{ALRM} = sub { $late = 1; die "late\n" };
        $result = eval { Time::HiRes::alarm($seconds); $work->() };
        Time::HiRes::alarm(0);
    }
    if ($another) {    # whoever had set an alarm still gets it
        my $left = $another - ( Time::HiRes::time() - $began );
        Time::HiRes::alarm( $left > 0 ? $left : 0.01 );
    }
    return $late ? undef : $result;
}

# Return the token, the first line of its file; read each time, so that a new one needs no restart of RT.
sub _SyncdToken {
    my $file = RT->Config->Get('SyncdWebhookTokenFile') or die "SyncdWebhookTokenFile is not set\n";
    open my $handle, '<', $file or die "the token file $file cannot be read: $!\n";
    my $token = <$handle> // '';
    close $handle;
    $token =~ s/\s+\z//;
    $token =~ /\A[\x21-\x7e]+\z/ or die "the token file $file has no token in its first line\n";
    return $token;
}

1;
